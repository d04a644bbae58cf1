package ticket

import "strings"

// variants are characters in other forms and their usual one, side by side: traditional forms as people from elsewhere and
// some input methods write them, and variants of one character (异体字). Where a traditional form stands for several
// simplified ones, the commonest is taken: this is for comparing texts, not for showing them.
const variants = `
電电 樓楼 區区 號号 門门 間间 業业 戶户 聲声 擾扰 環环 衛卫 處处 車车 場场 費费 館馆 園园 廣广 馬马 橋桥 鐵铁 軌轨 線线 維维 護护 繳缴 燈灯 亂乱 違违
佔占 築筑 裝装 牆墙 頂顶 層层 棟栋 單单 員员 問问 題题 報报 訴诉 請请 謝谢 關关 係系 們们 個个 這这 裡里 裏里 麼么 為为 爲为 會会 來来 時时 從从 對对
開开 過过 還还 進进 遠远 遷迁 邊边 選选 適适 運运 達达 連连 遲迟 遺遗 學学 醫医 藥药 師师 長长 辦办 發发 髮发 據据 證证 執执 營营 務务 辭辞 職职 勞劳
資资 錢钱 銀银 貸贷 購购 買买 賣卖 貨货 價价 稅税 質质 賠赔 償偿 財财 產产 權权 約约 經经 濟济 規规 劃划 設设 計计 審审 標标 準准 範范 責责 領领 導导
書书 記记 鄉乡 鎮镇 縣县 國国 灣湾 東东 華华 麗丽 龍龙 鳳凤 鳥鸟 魚鱼 雞鸡 貓猫 蟲虫 樹树 葉叶 綠绿 紅红 黃黄 藍蓝 雲云 風风 氣气 溫温 濕湿 熱热 燒烧
煙烟 塵尘 髒脏 淨净 溝沟 澇涝 滲渗 漲涨 潔洁 汙污 涼凉 凍冻 兒儿 孫孙 媽妈 爺爷 婦妇 嬰婴 齡龄 養养 殘残 貧贫 難难 傷伤 殺杀 盜盗 騙骗 詐诈 賭赌 毆殴
嚇吓 懼惧 憂忧 慮虑 憤愤 惡恶 願愿 應应 當当 該该 認认 識识 說说 話话 語语 談谈 論论 議议 調调 驗验 測测 評评 訓训 課课 講讲 譯译 讀读 寫写 聽听 覺觉
見见 視视 親亲 觀观 觸触 顧顾 類类 顯显 飛飞 飯饭 飲饮 餘余 餅饼 體体 鬧闹 鬥斗 點点 黨党 齊齐 齒齿 龜龟 萬万 與与 專专 兩两 嚴严 喪丧 豐丰 臨临 舉举
義义 烏乌 樂乐 習习 幹干 亞亚 億亿 僅仅 僑侨 優优 傳传 債债 傾倾 儀仪 儲储 兇凶 內内 冊册 決决 況况 減减 幾几 凱凯 別别 刪删 則则 剛刚 創创 劇剧
劑剂 動动 勝胜 勢势 勵励 勸劝 匯汇 協协 卻却 廠厂 歷历 曆历 壓压 厭厌 廁厕 參参 雙双 變变 敘叙 疊叠 嘆叹 嗎吗 啟启 啓启 吳吴 喬乔 嘗尝 囑嘱 囂嚣 圍围
圓圆 圖图 團团 堅坚 壇坛 壞坏 塊块 墊垫 墳坟 壩坝 壯壮 壽寿 夠够 夾夹 奪夺 奮奋 獎奖 妝妆 娛娱 寧宁 實实 寶宝 寬宽 將将 尋寻 屆届 屬属 岡冈 島岛 峽峡
嶺岭 巖岩 帥帅 帶带 幣币 庫库 廟庙 廢废 廳厅 張张 強强 彈弹 彎弯 後后 徑径 徹彻 復复 複复 恆恒 懷怀 態态 憑凭 懸悬 戰战 戲戏 撥拨 拋抛 挾挟 掃扫 掛挂
揚扬 換换 損损 搶抢 摟搂 撈捞 撐撑 撫抚 擁拥 擇择 擊击 擋挡 擔担 擠挤 擬拟 擰拧 擱搁 擴扩 攔拦 攤摊 攜携 敗败 敵敌 數数 斷断 於于 無无 舊旧 昇升 暫暂
曉晓 條条 極极 構构 槍枪 樣样 檔档 檢检 櫃柜 欄栏 歐欧 歡欢 歲岁 歸归 殼壳 毀毁 氈毡 漢汉 湯汤 溼湿 滅灭 滯滞 滿满 漁渔 潛潜 濤涛 濫滥 灑洒 灘滩 災灾
爐炉 爛烂 爭争 爾尔 牽牵 犧牺 狀状 獨独 獻献 現现 瑪玛 畝亩 畢毕 異异 療疗 瘋疯 癥症 盡尽 監监 盤盘 眾众 衆众 礎础 礦矿 禮礼 禍祸 種种 稱称 穩稳 積积
窮穷 競竞 筆笔 節节 簡简 簽签 籃篮 籌筹 糧粮 糾纠 紀纪 納纳 純纯 紙纸 級级 紛纷 細细 終终 組组 結结 給给 絡络 統统 絕绝 絲丝 綁绑 網网 緊紧 綜综 緩缓
編编 練练 縮缩 總总 績绩 織织 繞绕 繼继 續续 纜缆 罰罚 羅罗 聯联 聰聪 肅肃 腳脚 腫肿 膠胶 臉脸 舖铺 鋪铺 艦舰 莊庄 蘇苏 蘭兰 蓋盖 蔣蒋 薦荐 虛虚 虧亏
蝕蚀 補补 襲袭 訂订 討讨 託托 許许 訪访 訟讼 註注 詢询 試试 詳详 誠诚 誤误 誰谁 諒谅 諮咨 謊谎 謀谋 譽誉 豬猪 貝贝 負负 貢贡 貪贪 販贩 貴贵 貼贴 賀贺
賓宾 賞赏 賴赖 贈赠 趕赶 趙赵 跡迹 踐践 軍军 軟软 載载 輔辅 輛辆 輕轻 輪轮 輸输 轉转 辯辩 農农 週周 郵邮 鄰邻 鄭郑 醬酱 釋释 針针 釣钓 鈔钞 鋼钢 錄录
錯错 鍋锅 鍵键 鏈链 鐘钟 鑰钥 閉闭 閒闲 閱阅 闆板 闊阔 隊队 階阶 際际 陽阳 陰阴 陳陈 陸陆 險险 隨随 隱隐 隸隶 雖虽 雜杂 離离 霧雾 靈灵 靜静 響响 頁页
項项 順顺 須须 預预 頑顽 頒颁 頓顿 頭头 頻频 額额 顛颠 飾饰 駐驻 駕驾 騎骑 騷骚 驅驱 驚惊 驟骤 鬆松 麥麦 麵面 黴霉
`

var plainForm = func() map[rune]rune {
	m := map[rune]rune{}
	for _, p := range strings.Fields(variants) {
		rs := []rune(p)
		m[rs[0]] = rs[1]
	}
	return m
}()

// Usual gives a text with the usual form of each character: 電梯 is 电梯. It is for comparing; names of persons are hidden
// before, as they are written.
func Usual(text string) string {
	return strings.Map(func(r rune) rune {
		if p, ok := plainForm[r]; ok {
			return p
		}
		return r
	}, text)
}
